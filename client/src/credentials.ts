import type { Api } from './api';
import type { MakeError } from './errors';
import { hash, type OpenSession, type SessionSlot } from './session';
import { createSigner, type Signer } from './signature';
import type { MediaFile } from './types';
import type { World } from './world';

export interface CredentialsDeps {
  readonly world: World;
  readonly api: Api;
  readonly url: string;
  readonly makeError: MakeError;
  readonly openSession: OpenSession;
}

/** The session and the signatures of one upload. They belong to the user who began it. */
export interface Credentials {
  /** @throws UploadError, code `user-changed` when another user has logged in */
  readonly checkUser: () => Promise<void>;
  /** After `checkUser`. */
  readonly open: () => SessionSlot & Signer;
  /** From now on another upload of the same file may resume the session, unless it is forgotten. */
  readonly close: (isForgotten: boolean) => void;
}

/** Who began an upload; unknown until its first request, `''` if the token does not tell. */
export interface Owner {
  user?: string;
}

/** The content of an upload. */
export interface Media {
  readonly file: MediaFile;
  readonly cover: MediaFile | undefined;
  /** The body of each request for a signature. */
  readonly body: object;
}

export function createCredentials(deps: CredentialsDeps, { file, cover, body }: Media, owner: Owner): Credentials {
  const { world, api, url, makeError, openSession } = deps;
  let signer: Signer | undefined;
  let session: SessionSlot | undefined;
  let wasForgotten = false;
  const getSession = () => {
    const facts = [owner.user, url, body, file.lastModified, cover?.name, cover?.size];
    return (session ??= openSession(`${hash(facts)} ${file.size}`));
  };

  const checkUser = async () => {
    const current = await api.getUser();
    owner.user ??= current;
    if (owner.user !== current) throw makeError('user-changed');
  };
  // The owner is the user who is logged in now or, if this request fails, at the upload's turn.
  const checked = checkUser().catch(() => undefined);

  return {
    checkUser: () => checked.then(checkUser),
    open() {
      signer ??= createSigner(world, api, owner, body);
      return { ...getSession(), ...signer };
    },
    close(isForgotten) {
      if (isForgotten && !wasForgotten) getSession().writeSession();
      wasForgotten ||= isForgotten;
      session?.close();
      session = undefined;
    },
  };
}
