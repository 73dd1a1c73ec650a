import { setTimeout as sleep } from 'node:timers/promises';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine } from '../lib/platform/log';
import { uploaderIndex } from '../lib/uploads/by-uploader';
import { uploadStore } from '../lib/uploads/store';
import { readUploadsConfig } from '../lib/users/config';
import { readUploads } from '../lib/users/read-uploads';

const { tableName, showsUrls } = readUploadsConfig(process.env);
const dynamodb = dynamoDb(process.env, Date);
const deps = { now: Date.now, sleep, random: Math.random, dynamodb, tableName };

/** `GET /uploads` and `GET /uploads/{fileId}`, see {@link readUploads}. */
export const handler = readUploads({
  store: uploadStore(deps),
  index: uploaderIndex(deps),
  showsUrls,
  now: Date.now,
  log: writeLine,
});
