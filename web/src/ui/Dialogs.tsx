import { useDialogs } from '../state/dialogs';
import { Difference } from './dialogs/Difference';
import { LinkPicker } from './dialogs/LinkPicker';
import { ForeignPicture } from './dialogs/ForeignPicture';
import { MaskPainter } from './dialogs/MaskPainter';
import { Menu } from './dialogs/Menu';
import { Question } from './dialogs/Question';
import { Settings } from './dialogs/Settings';
import { Shortcuts } from './dialogs/Shortcuts';
import { TextPrompt } from './dialogs/TextPrompt';
import { Viewer } from './dialogs/Viewer';

export default function Dialogs() {
  const { mask, viewer, shortcuts, settings, menu, prompt, difference, linkPicker, question, foreign } = useDialogs();
  return (
    <>
      {viewer && <Viewer {...viewer} />}
      {mask && <MaskPainter target={mask} />}
      {shortcuts && <Shortcuts />}
      {settings && <Settings />}
      {menu && <Menu at={menu} />}
      {prompt && <TextPrompt {...prompt} />}
      {question && <Question {...question} />}
      {foreign && <ForeignPicture {...foreign} />}
      {difference && <Difference {...difference} />}
      {linkPicker && <LinkPicker side={linkPicker} />}
    </>
  );
}
