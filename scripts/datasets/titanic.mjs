// Makes datasets/titanic.csv from OpenML data set 40945, which the Debian package python3-sklearn has among its tests:
// node scripts/datasets/titanic.mjs   Needs apt-get and dpkg-deb.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { withDebianFile, writeDataset } from './common.mjs';

const kept = ['pclass', 'sex', 'sibsp', 'parch', 'fare', 'embarked', 'survived'];

const arff = withDebianFile(
  'python3-sklearn',
  'usr/lib/python3/dist-packages/sklearn/datasets/tests/data/openml/id_40945/data-v1-dl-16826755.arff.gz',
  '9a96e11b6c96c16bf129e780735042bf267b713c92d2afa96b836a25c3eeed09',
  (file) => gunzipSync(readFileSync(file)).toString('utf8'),
);
const [head, data] = arff.split(/^@data\r?\n/im);
const names = [...head.matchAll(/^@attribute '([^']+)'/gim)].map(([, name]) => name);
const rows = parse(data, { relax_column_count: false, skip_empty_lines: true });
writeDataset('titanic', [kept, ...rows.map((cells) => kept.map((name) => cells[names.indexOf(name)]))]);
