import { describeConfig, type EventConfig } from '../event-config';
import type { Action, ApiDeps } from './deps';
import { getChoice, getString, getStrings, invalidValue, requireParameter, type Parameters } from './parameters';

const MAX_HANDLES_PER_CALL = 16;

export const PullEvents: Action = { parameters: [], run: async ({ queue }) => ({ EventSet: await queue.pull() }) };
export const ConfirmEvents: Action = { parameters: ['EventHandles'], run: confirmEvents };
export const DescribeEventConfig: Action = { parameters: [], run: describeEventConfig };
export const ModifyEventConfig: Action = {
  parameters: [
    'Mode',
    'NotificationUrl',
    'UploadMediaCompleteEventSwitch',
    'DeleteMediaCompleteEventSwitch',
    'PersistenceCompleteEventSwitch',
    'SignKey',
  ],
  run: modifyEventConfig,
};

function confirmEvents({ queue }: ApiDeps, parameters: Parameters): object {
  const handles = requireParameter(getStrings(parameters, 'EventHandles', MAX_HANDLES_PER_CALL), 'EventHandles');
  if (!queue.confirm(handles)) {
    throw invalidValue(
      'EventHandles',
      'An event handle is unknown, already confirmed, or was pulled too long ago (VOD: 30 s)',
    );
  }
  return {};
}

function describeEventConfig({ notifications: { config } }: ApiDeps): object {
  return {
    Mode: config.mode,
    NotificationUrl: config.url,
    UploadMediaCompleteEventSwitch: config.uploadSwitch ? 'ON' : 'OFF',
    DeleteMediaCompleteEventSwitch: config.deleteSwitch ? 'ON' : 'OFF',
    PersistenceCompleteEventSwitch: config.persistenceSwitch ? 'ON' : 'OFF',
  };
}

function modifyEventConfig({ notifications, log }: ApiDeps, parameters: Parameters): object {
  const { config } = notifications;
  const signKey = getString(parameters, 'SignKey') ?? config.signKey;
  if (!/^[A-Za-z0-9]{0,32}$/.test(signKey)) {
    throw invalidValue('SignKey', '`SignKey` must have at most 32 characters, letters and digits only');
  }
  const changed: EventConfig = {
    mode: getChoice(parameters, 'Mode', ['PUSH', 'PULL']) ?? config.mode,
    url: getString(parameters, 'NotificationUrl') ?? config.url,
    uploadSwitch: getSwitch(parameters, 'UploadMediaCompleteEventSwitch') ?? config.uploadSwitch,
    deleteSwitch: getSwitch(parameters, 'DeleteMediaCompleteEventSwitch') ?? config.deleteSwitch,
    persistenceSwitch: getSwitch(parameters, 'PersistenceCompleteEventSwitch') ?? config.persistenceSwitch,
    signKey,
  };
  const isHttpUrl = URL.canParse(changed.url) && /^https?:$/.test(new URL(changed.url).protocol);
  if (changed.url !== '' && !isHttpUrl) {
    throw invalidValue('NotificationUrl', '`NotificationUrl` must be an HTTP or HTTPS URL');
  }
  notifications.config = changed;
  log(`ModifyEventConfig: ${describeConfig(changed)}`);
  return {};
}

function getSwitch(parameters: Parameters, name: string): boolean | undefined {
  const value = getChoice(parameters, name, ['ON', 'OFF']);
  return value === undefined ? undefined : value === 'ON';
}
