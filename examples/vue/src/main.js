import { createApp } from 'vue';
import { getSession } from './backend.js';
import Login from './Login.vue';
import Uploads from './Uploads.vue';

// Login and logout load the page again, so that nothing of one user is left for the next.
const session = await getSession().catch(() => undefined);
(session ? createApp(Uploads, { user: session.user }) : createApp(Login)).mount('#app');
