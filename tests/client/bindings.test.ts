import { createElement, type ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { createSSRApp, defineComponent, h } from 'vue';
import { renderToString as renderVue } from 'vue/server-renderer';
import { createUploads } from '../../client/src';
import * as react from '../../client/src/react';
import type { Upload } from '../../client/src/types';
import * as vue from '../../client/src/vue';
import { createModelClient, modelFile } from '../support/client/client';

describe('client/react on a server', () => {
  function Page({ upload }: { readonly upload?: Upload | undefined }): ReactNode {
    const snapshot = react.useUpload(upload);
    const { current } = react.useUploads(createUploads({ url: '', token: '' }));
    return createElement('p', null, `${snapshot?.state ?? 'none'} ${current.length}`);
  }

  test('renders without an upload and without a browser', () => {
    expect(renderToString(createElement(Page))).toBe('<p>none 0</p>');
  });

  test('renders the snapshot of an upload', () => {
    const { uploads } = createModelClient();
    expect(renderToString(createElement(Page, { upload: uploads.upload(modelFile()) }))).toBe('<p>waiting 0</p>');
  });
});

describe('client/vue on a server', () => {
  test('renders the snapshot of an upload and subscribes to nothing', async () => {
    const { uploads } = createModelClient();
    const upload = uploads.upload(modelFile());
    const subscribe = jest.spyOn(upload, 'subscribe');
    const App = defineComponent(() => {
      const snapshot = vue.useUpload(upload);
      const none = vue.useUpload(undefined);
      const list = vue.useUploads(uploads);
      return () => h('p', `${snapshot.value.state} ${typeof none.value} ${list.value.current.length}`);
    });
    expect(await renderVue(createSSRApp(App))).toBe('<p>waiting undefined 0</p>');
    expect(subscribe).not.toHaveBeenCalled();
  });
});
