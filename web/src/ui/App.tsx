import { ReactFlowProvider } from '@xyflow/react';
import { lazy, Suspense, useEffect } from 'react';
import { Canvas } from '../canvas/Canvas';
import { pasteText } from '../canvas/actions';
import { openFile } from '../state/files';
import { attempt } from '../state/notices';
import { usePreferences } from '../state/preferences';
import { useActiveTab } from '../state/tabs';
import { Breadcrumb } from './Breadcrumb';
import { onKeyDown } from './keys';
import { Notices } from './Notices';
import { Palette } from './Palette';
import { Panels, Rail } from './Panels';
import { Starters } from './Starters';
import { useDialogs } from '../state/dialogs';
import { TopBar } from './TopBar';
import { receivePicture } from '../state/receive';
import { useTitle } from './title';

const Dialogs = lazy(() => import('./Dialogs'));
const Inspector = lazy(() => import('./Inspector'));

export function App() {
  const tab = useActiveTab();
  const inspector = usePreferences((state) => state.inspector);
  const anyDialog = useDialogs(({ mask, viewer, shortcuts, settings, menu, prompt, difference, linkPicker, question, foreign }) =>
    Boolean(mask || viewer || shortcuts || settings || menu || prompt || difference || linkPicker || question || foreign));
  useTitle(tab);

  useEffect(() => {
    window.addEventListener('keydown', onKeyDown);
    window.addEventListener('paste', onPaste);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
      window.removeEventListener('paste', onPaste);
    };
  }, []);

  return (
    <ReactFlowProvider>
      <div
        className="shell"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          for (const file of event.dataTransfer.files) attempt(() => openFileOrPicture(file));
        }}
      >
        <TopBar />
        <Rail />
        <Panels />
        <main className="stage" aria-label="Editor">
          {tab && <Breadcrumb tab={tab} />}
          {tab && <Canvas tab={tab} />}
          <Starters tab={tab} />
        </main>
        {inspector && tab && (
          <Suspense>
            <Inspector tab={tab} />
          </Suspense>
        )}
        <Palette />
        {anyDialog && (
          <Suspense>
            <Dialogs />
          </Suspense>
        )}
        <Notices />
      </div>
    </ReactFlowProvider>
  );
}

/** A picture without a graph in it becomes an input. */
async function openFileOrPicture(file: File): Promise<void> {
  try {
    await openFile(file);
  } catch (error) {
    if (!file.type.startsWith('image/')) throw error;
    await receivePicture(file);
  }
}

function onPaste(event: ClipboardEvent): void {
  const target = event.target as HTMLElement;
  if (target.closest('input, textarea, [contenteditable]')) return;
  const image = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith('image/'));
  const text = event.clipboardData?.getData('text/plain') ?? '';
  event.preventDefault();
  if (image) attempt(() => openFileOrPicture(image));
  else if (text) pasteText(text, false);
}
