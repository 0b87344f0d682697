// Makes datasets/cancer.csv from BreastCancer of the Debian package r-cran-mlbench: node scripts/datasets/cancer.mjs
// Needs apt-get, dpkg-deb and Rscript (Debian: r-base-core).
import { execFileSync } from 'node:child_process';
import { parse } from 'csv-parse/sync';
import { withDebianFile, writeDataset } from './common.mjs';

const header = [
  'clump_thickness',
  'cell_size_uniformity',
  'cell_shape_uniformity',
  'marginal_adhesion',
  'single_epithelial_cell_size',
  'bare_nuclei',
  'bland_chromatin',
  'normal_nucleoli',
  'mitoses',
  'class',
];

const csv = withDebianFile(
  'r-cran-mlbench',
  'usr/lib/R/site-library/mlbench/data/BreastCancer.rda',
  '1fcf1b82128c287b2777005a93a2b76fdb4d6749ed6df05231f85953f1fc7c2b',
  (file) => {
    const program = 'load(commandArgs(TRUE)[1]); write.csv(BreastCancer, stdout(), row.names = FALSE)';
    return execFileSync('Rscript', ['-e', program, file], { encoding: 'utf8' });
  },
);
const rows = parse(csv, { from_line: 2 }).map(([, ...cells]) => cells); // the first column is the sample's number
writeDataset('cancer', [header, ...rows.filter((cells) => !cells.includes('NA'))]);
