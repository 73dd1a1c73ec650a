import { setTimeout as sleep } from 'node:timers/promises';
import { notifyConfig } from '../lib/notifications/config';
import { notifyApp } from '../lib/notifications/notify-app';
import { writeLine } from '../lib/platform/log';
import { messageDelayer, messageSender } from '../lib/platform/sqs';
import { parameterReader } from '../lib/platform/ssm';

const deps = { now: Date.now, sleep, random: Math.random };

/** Delivers notifications to the app, see {@link notifyApp}. */
export const handler = notifyApp({
  ...deps,
  config: notifyConfig(process.env),
  getParameters: parameterReader(process.env, deps),
  sendMessages: messageSender(process.env, deps),
  delayMessage: messageDelayer(process.env, deps),
  fetch,
  log: writeLine,
});
