import type { Command, CommandGroup } from '../command-line/command';
import { check } from './check';
import { explain } from './explain';
import { listen } from './listen';
import { failedNotifications } from './notifications/failed';
import { retryNotifications } from './notifications/retry';
import { testNotifications } from './notifications/test';
import { play } from './play';
import { reconcile } from './reconcile';
import { register } from './register';
import { createSecrets } from './secrets/create';
import { rotateSecret } from './secrets/rotate';
import { showSecrets } from './secrets/show';
import { send } from './send';
import { sign } from './sign';

/** Every command, in the order of the overview. */
export const COMMANDS: readonly (Command | CommandGroup)[] = [
  check,
  register,
  { name: 'secrets', commands: [createSecrets, showSecrets, rotateSecret] },
  sign,
  explain,
  play,
  send,
  reconcile,
  { name: 'notifications', commands: [testNotifications, failedNotifications, retryNotifications] },
  listen,
];
