import { linkChoices } from '../../canvas/link_picker';
import { focusCanvas } from '../../canvas/walking';
import { useDialogs } from '../../state/dialogs';
import { useActiveTab } from '../../state/tabs';
import { Listbox } from '../Listbox';
import { Popover } from '../Popover';

export function LinkPicker({ side }: { side: 'output' | 'input' }) {
  const tab = useActiveTab();
  const close = (): void => {
    useDialogs.setState({ linkPicker: null });
    focusCanvas();
  };
  if (!tab) return null;
  const choices = linkChoices(tab, side);
  const label = side === 'output' ? 'Link an output of this node to' : 'Link an input of this node from';
  return (
    <Popover at={{ x: window.innerWidth / 2 - 210, y: 90 }} width={420} label={label} onClose={close}>
      <Listbox
        label={label}
        items={choices}
        search
        onPick={(id) => {
          choices.find((choice) => choice.id === id)?.link();
          close();
        }}
      />
    </Popover>
  );
}
