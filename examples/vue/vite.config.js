import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [vue()],
  // Your own server, for the login: examples/express. In production it has the origin of the page too.
  server: { proxy: { '/api': process.env.APP_SERVER ?? 'http://localhost:4000' } },
});
