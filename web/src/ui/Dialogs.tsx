import { useDialogs } from '../state/dialogs';
import { Difference } from './dialogs/Difference';
import { LinkPicker } from './dialogs/LinkPicker';
import { MaskPainter } from './dialogs/MaskPainter';
import { Menu } from './dialogs/Menu';
import { Settings } from './dialogs/Settings';
import { Shortcuts } from './dialogs/Shortcuts';
import { TextPrompt } from './dialogs/TextPrompt';
import { Viewer } from './dialogs/Viewer';

export default function Dialogs() {
  const { mask, viewer, shortcuts, settings, menu, prompt, difference, linkPicker } = useDialogs();
  return (
    <>
      {viewer && <Viewer {...viewer} />}
      {mask && <MaskPainter target={mask} />}
      {shortcuts && <Shortcuts />}
      {settings && <Settings />}
      {menu && <Menu at={menu} />}
      {prompt && <TextPrompt {...prompt} />}
      {difference && <Difference {...difference} />}
      {linkPicker && <LinkPicker side={linkPicker} />}
    </>
  );
}
