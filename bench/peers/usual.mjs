// Shared code of the functions of the usual kind. Written for the bench, from the documentation of the packages.
import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';

export const signingSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    oneTimeValid: { type: 'boolean' },
    sourceContext: { type: 'string' },
    procedure: { type: 'string' },
    taskPriority: { type: 'integer', minimum: -10, maximum: 10 },
    taskNotifyMode: { enum: ['Finish', 'Change', 'None'] },
    sessionContext: { type: 'string', maxLength: 1000 },
    classId: { type: 'integer', minimum: 0 },
    storageRegion: { type: 'string' },
    validFor: { type: 'integer', minimum: 1, maximum: 7776000 },
  },
};

const text = { type: ['string', 'null'] };
const number = { type: ['number', 'null'] };
export const eventSchema = {
  type: 'object',
  required: ['EventType'],
  properties: {
    EventType: { type: 'string' },
    FileUploadEvent: {
      type: ['object', 'null'],
      required: ['FileId'],
      properties: {
        FileId: { type: 'string', minLength: 1 },
        ProcedureTaskId: text,
        MediaBasicInfo: {
          type: 'object',
          properties: { Name: text, Type: text, MediaUrl: { type: 'string', format: 'uri' }, CoverUrl: text },
        },
        MetaData: { type: ['object', 'null'], properties: { Size: number, Duration: number, Width: number } },
      },
    },
    ProcedureStateChangeEvent: {
      type: ['object', 'null'],
      required: ['TaskId', 'FileId', 'Status'],
      properties: {
        TaskId: { type: 'string' },
        FileId: { type: 'string' },
        Status: { type: 'string' },
        MediaProcessResultSet: { type: ['array', 'null'], items: { type: 'object' } },
      },
    },
  },
};

const mac = (payload, key, marker = 'vcu1') =>
  createHmac('sha256', key).update(`${marker}:${payload}`).digest('base64url').slice(0, 22);

export function signature(request, caller, { secretId, secretKey }, sealKey, policy) {
  const currentTimeStamp = Math.floor(Date.now() / 1000);
  const expireTime = currentTimeStamp + (request.validFor ?? policy.validFor);
  const payload = `${Buffer.byteLength(caller)}:${caller}:${request.sourceContext ?? ''}`;
  const { validFor, oneTimeValid = policy.oneTimeValid, ...rest } = request;
  const parameters = {
    ...rest,
    secretId,
    currentTimeStamp,
    expireTime,
    random: randomInt(2 ** 32),
    vodSubAppId: policy.vodSubAppId,
    sourceContext: `vcu1:${mac(payload, sealKey)}:${payload}`,
    ...(oneTimeValid && { oneTimeValid: 1 }),
  };
  const original = Buffer.from(new URLSearchParams(parameters).toString());
  const digest = createHmac('sha1', secretKey).update(original).digest();
  return { signature: Buffer.concat([digest, original]).toString('base64'), expireTime, oneTimeValid };
}

export function policyOf(env) {
  const procedures = env.PROCEDURES.split(',').map((name) => name.trim());
  return {
    procedures,
    vodSubAppId: env.VOD_SUB_APP_ID,
    oneTimeValid: env.ONE_TIME_VALID === 'true',
    validFor: Number(env.VALID_FOR),
  };
}

export function isToken(value, token) {
  const [a, b] = [Buffer.from(value ?? ''), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The caller and the app's text in a sealed source context; empty unless the seal is valid. */
export function openSourceContext(sealed, sealKey) {
  const [, marker, receivedMac, payload = '', length = '0'] =
    /^(vcu[12]):([\w-]{22}):(p?(\d+):.*)$/s.exec(sealed) ?? [];
  if (receivedMac === undefined || !isToken(receivedMac, mac(payload, sealKey, marker))) return {};
  const rest = payload.slice(payload.indexOf(':') + 1);
  return { uploader: rest.slice(0, Number(length)), sourceContext: rest.slice(Number(length) + 1) || undefined };
}

/** The write of an event, as input of DynamoDB's document client. */
export function update(event, sealKey, TableName) {
  const now = new Date().toISOString();
  const upload = event.FileUploadEvent;
  const task = event.ProcedureStateChangeEvent;
  const values = { ':now': now, ':trust': 'pushed' };
  const names = { '#status': 'status' };
  const set = [
    'updatedAt = :now',
    'firstSeenAt = if_not_exists(firstSeenAt, :now)',
    'trust = if_not_exists(trust, :trust)',
  ];
  const keep = (facts) => {
    for (const [name, value] of Object.entries(facts)) {
      if (value === undefined || value === null) continue;
      names[`#${name}`] = name;
      values[`:${name}`] = value;
      set.push(`#${name} = :${name}`);
    }
  };
  let status;
  if (upload) {
    const { Name, Type, MediaUrl, CoverUrl, CreateTime, SourceInfo } = upload.MediaBasicInfo ?? {};
    const { Size, Duration, Width, Height } = upload.MetaData ?? {};
    const { uploader, sourceContext } = openSourceContext(SourceInfo?.SourceContext ?? '', sealKey);
    keep({
      url: MediaUrl,
      name: Name,
      type: Type,
      coverUrl: CoverUrl,
      createTime: CreateTime,
      size: Size,
      duration: Duration,
      width: Width,
      height: Height,
    });
    keep({
      sourceType: SourceInfo?.SourceType,
      seal: uploader === undefined ? 'none' : 'valid',
      procedureTaskId: upload.ProcedureTaskId || undefined,
    });
    keep({ uploader, sourceContext });
    keep({ sortTime: CreateTime });
    status = upload.ProcedureTaskId ? 'processing' : 'uploaded';
  } else {
    const results = task.MediaProcessResultSet ?? [];
    const failed = results.some((result) => Object.values(result).some((part) => part?.Status === 'FAIL'));
    const outputs = results.flatMap((result) => {
      const part = Object.values(result).find((value) => value?.Output);
      return part
        ? [{ type: result.Type, url: part.Output.Url ?? null, definition: part.Output.Definition ?? null }]
        : [];
    });
    names['#task'] = `task:${task.TaskId}`;
    values[':task'] = { status: task.Status, failed, outputs };
    set.push('#task = :task');
    status = task.Status !== 'FINISH' ? 'processing' : failed ? 'failed' : 'ready';
  }
  const ranks = ['uploaded', 'processing', 'failed', 'ready'];
  const lower = ranks.slice(0, ranks.indexOf(status) + 1);
  lower.forEach((name, index) => (values[`:s${index}`] = name));
  values[':status'] = status;
  return {
    TableName,
    Key: { fileId: (upload ?? task).FileId },
    UpdateExpression: `SET #status = :status, ${set.join(', ')}`,
    ConditionExpression: `attribute_not_exists(#status) OR #status IN (${lower.map((_, index) => `:s${index}`).join(', ')})`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

/** Writes it, unless the row already has a later state. */
export async function record(send) {
  try {
    await send();
    return 'recorded';
  } catch (error) {
    if (error.name !== 'ConditionalCheckFailedException') throw error;
    return 'older event';
  }
}

export const respond = (statusCode, body) => ({
  statusCode,
  headers: { 'content-type': statusCode === 200 ? 'application/json' : 'application/problem+json' },
  body: JSON.stringify(body),
});
