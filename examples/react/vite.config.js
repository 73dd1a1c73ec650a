import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // Your own server, for the login: examples/express. In production it has the origin of the page too.
  server: { proxy: { '/api': process.env.APP_SERVER ?? 'http://localhost:4000' } },
});
