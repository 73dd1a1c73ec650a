import { createRoot } from 'react-dom/client';
import { getSession } from './backend.js';
import { Login } from './Login.jsx';
import { Uploads } from './Uploads.jsx';

// Login and logout load the page again, so that nothing of one user is left for the next.
const session = await getSession().catch(() => undefined);
createRoot(document.getElementById('root')).render(session ? <Uploads user={session.user} /> : <Login />);
