import { createElement, StrictMode, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { createApp, defineComponent, h, shallowRef } from 'vue';
import { createUploads } from '../../../client/src/index';
import * as react from '../../../client/src/react';
import type { MediaFile, Upload, Uploads } from '../../../client/src/types';
import * as vue from '../../../client/src/vue';

// Runs in a browser: one list of uploads, as an app with React and one with Vue would show it.

interface Page {
  readonly uploads: Uploads;
  readonly render: (framework: string) => void;
  readonly unmount: () => void;
}

declare const document: { readonly getElementById: (id: string) => Element };
declare const window: { readonly TcVod: unknown; app?: Page };

const describeUpload = (state: string, loaded: number) => `${state}${loaded > 0 ? ' with bytes' : ''}`;

function startApp(url: string, token: string): Page {
  const uploads = createUploads({ url, token, sdk: window.TcVod });
  let unmount = () => undefined as unknown;

  function Row({
    upload,
    dismiss,
  }: {
    readonly upload: Upload;
    readonly dismiss: (upload: Upload) => void;
  }): ReactNode {
    const { state, loaded } = react.useUpload(upload);
    const remove = () => {
      dismiss(upload);
    };
    return createElement('li', { onClick: remove }, describeUpload(state, loaded));
  }

  function ReactApp(): ReactNode {
    const { current, upload, dismiss } = react.useUploads(uploads);
    Object.assign(window, { begin: (file: MediaFile) => upload(file) });
    const rows = current.map((each, key) => createElement(Row, { upload: each, dismiss, key }));
    return createElement('ul', null, rows);
  }

  const VueRow = defineComponent({
    props: { upload: { type: Object, required: true }, dismiss: { type: Function, required: true } },
    setup(props) {
      const snapshot = vue.useUpload(() => props.upload as Upload);
      const remove = () => {
        (props.dismiss as (upload: Upload) => void)(props.upload as Upload);
      };
      return () => h('li', { onClick: remove }, describeUpload(snapshot.value.state, snapshot.value.loaded));
    },
  });

  const VueApp = defineComponent(() => {
    const list = vue.useUploads(uploads);
    const shown = shallowRef(list);
    Object.assign(window, { begin: (file: MediaFile) => list.value.upload(file) });
    return () =>
      h(
        'ul',
        shown.value.current.map((upload) => h(VueRow, { upload, dismiss: list.value.dismiss })),
      );
  });

  return {
    uploads,
    render(framework) {
      const container = document.getElementById('app');
      if (framework === 'react') {
        const root = createRoot(container);
        root.render(createElement(StrictMode, null, createElement(ReactApp)));
        unmount = () => {
          root.unmount();
        };
      } else {
        const app = createApp(VueApp);
        app.mount('#app');
        unmount = () => {
          app.unmount();
        };
      }
    },
    unmount: () => {
      unmount();
    },
  };
}

Object.assign(window, { startApp });
