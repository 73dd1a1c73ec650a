import { useActionState } from 'react';
import { logIn } from './backend.js';

export function Login() {
  const [message, submit] = useActionState((_, form) => logIn(form).catch((error) => error.message));
  return (
    <form action={submit}>
      <input name="name" placeholder="Name" autoComplete="username" />
      <input name="password" placeholder="Password" type="password" autoComplete="current-password" />
      <button>Log in</button> {message}
    </form>
  );
}
