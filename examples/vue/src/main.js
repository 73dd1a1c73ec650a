import { createApp } from 'vue';
import { getSession } from './backend.js';
import Login from './Login.vue';
import Uploads from './Uploads.vue';

// Login and logout reload the page, so that the next user sees nothing of the previous one.
const session = await getSession().catch(() => undefined);
(session ? createApp(Uploads, { user: session.user }) : createApp(Login)).mount('#app');
