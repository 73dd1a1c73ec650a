/**
 * A summary of an event: the file's name, and the new status or suggestion.
 *
 * @param {string} body in either format
 */
export function summarizeEvent(body) {
  const {
    FileUploadEvent: upload,
    ProcedureStateChangeEvent: task,
    ReviewAudioVideoCompleteEvent: review,
    data,
  } = parse(body);
  const { Name: name, Type: type } = upload?.MediaBasicInfo ?? {};
  return join([
    joinName(name, type),
    task?.FileName,
    task?.Status,
    review?.Output?.Suggestion,
    data?.fileName,
    data?.status,
  ]);
}

/**
 * The name of the file that a webhook is about.
 *
 * @param {string} body
 */
export function summarizeWebhook(body) {
  const { name, type } = parse(body).data ?? {};
  return joinName(name, type);
}

function joinName(name, type) {
  return [name, type].filter(Boolean).join('.');
}

function join(parts) {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' · ');
}

/** A forged body may be anything. */
function parse(body) {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}
