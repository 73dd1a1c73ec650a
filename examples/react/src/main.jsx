import { createRoot } from 'react-dom/client';
import { getSession } from './backend.js';
import { Login } from './Login.jsx';
import { Uploads } from './Uploads.jsx';

// Login and logout reload the page, so that the next user sees nothing of the previous one.
const session = await getSession().catch(() => undefined);
createRoot(document.getElementById('root')).render(session ? <Uploads user={session.user} /> : <Login />);
