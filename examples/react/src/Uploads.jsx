import { useEffect, useState } from 'react';
import { useUpload, useUploads } from '@vod-client-upload/client/react';
import { logOut, uploads } from './backend.js';

/** Keeps the first of each: a page of the list may repeat an upload that was added before. */
const removeRepeats = (all) =>
  all.filter(({ fileId }, index) => index === all.findIndex((each) => each.fileId === fileId));

export function Uploads({ user }) {
  const { current, upload, dismiss } = useUploads(uploads);
  const [stored, setStored] = useState([]);
  const [cursor, setCursor] = useState();
  const [error, setError] = useState();

  async function load(from) {
    const page = await uploads.list({ limit: 20, cursor: from });
    setStored((list) => removeRepeats([...list, ...page.uploads]));
    setCursor(page.cursor);
  }
  useEffect(() => {
    load().catch(setError);
  }, []);

  /** Adds an upload to the list when its status is final. The list that the backend returns has it a moment later. */
  async function follow(started) {
    const result = await started.settled.catch(() => undefined); // its row shows the error
    if (result) setStored((list) => removeRepeats([result, ...list]));
  }
  function choose({ target }) {
    for (const file of target.files) follow(upload(file));
    target.value = '';
  }
  function retry(failed) {
    failed.retry();
    follow(failed);
  }
  async function remove(fileId) {
    const requested = { ...(await uploads.delete(fileId)), status: 'deletion requested' };
    setStored((list) => list.map((each) => (each.fileId === fileId ? requested : each)));
  }

  return (
    <>
      {user} <button onClick={logOut}>Log out</button>
      <h1>Upload videos</h1>
      <input type="file" multiple accept="video/*" onChange={choose} />
      {current.map((each) => (
        <UploadRow key={each.id} upload={each} onRetry={() => retry(each)} onRemove={() => dismiss(each)} />
      ))}
      <h1>My uploads</h1>
      {error && <p role="alert">{`${error.message}. ${error.advice}`}</p>}
      {stored.map(({ fileId, name, status }) => (
        <p key={fileId}>
          {name}: {status} <button onClick={() => remove(fileId).catch(setError)}>Delete</button>
        </p>
      ))}
      {cursor && <button onClick={() => load(cursor).catch(setError)}>More</button>}
    </>
  );
}

function UploadRow({ upload, onRetry, onRemove }) {
  const { state, loaded, total, error } = useUpload(upload);
  const isSending = ['waiting', 'preparing', 'uploading'].includes(state);
  return (
    <p>
      {upload.file.name} <progress value={loaded} max={total} /> {state}{' '}
      {error && <span role="alert">{`${error.message}. ${error.advice} `}</span>}
      {isSending && <button onClick={upload.pause}>Pause</button>}
      {state === 'paused' && <button onClick={upload.resume}>Resume</button>}
      {(isSending || state === 'paused') && <button onClick={upload.cancel}>Cancel</button>}
      {state === 'error' && <button onClick={onRetry}>Retry</button>}
      {!isSending && <button onClick={onRemove}>Remove</button>}
    </p>
  );
}
