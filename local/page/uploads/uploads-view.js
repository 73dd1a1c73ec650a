import { codePanel } from './code-panel.js';
import { signIn, startForm, translateForm } from './form.js';
import { myUploadsPanel } from './my-uploads-panel.js';
import { rowsPanel } from './rows-panel.js';
import { runningUploads } from './running-uploads.js';

/**
 * The form, the uploads of this page, those of the user, the rows of the table, and code to copy.
 *
 * @param {(text: string) => void} announce
 */
export function uploadsView(announce) {
  const mine = myUploadsPanel(announce);
  const running = runningUploads(announce, (user, { snapshot }) => mine.show(user, snapshot));
  const rows = rowsPanel(announce);
  const code = codePanel(announce);
  startForm({
    onSubmit(user, files, options) {
      for (const file of files) running.add(user, file, options);
      running.reveal();
    },
    onUser: mine.open,
    onInput: code.update,
  });

  return {
    /** To be called when the configuration is known. */
    start() {
      signIn(mine.open);
      void code.start();
    },
    async refresh() {
      await mine.refresh(await rows.refresh());
    },
    translate() {
      translateForm();
      code.update();
      running.translate();
      rows.translate();
      mine.translate();
    },
  };
}
