import { commands, keysText, runCommand } from '../../commands';
import { useDialogs } from '../../state/dialogs';
import { useSelection } from '../../state/selection';
import { Listbox } from '../Listbox';
import { Popover } from '../Popover';

const onNode = ['run.to', 'node.replace', 'node.mute', 'node.bypass', 'node.collapse', 'node.pin', 'node.rename', 'group', 'ungroup', 'subgraph.make',
  'subgraph.enter', 'subgraph.expand', 'copy', 'cut', 'duplicate', 'delete', 'delete.reconnect', 'arrange', 'inspector'];
const onCanvas = ['node.add', 'paste', 'paste.links', 'select.all', 'arrange', 'fit', 'undo', 'redo', 'find', 'commands'];

/** The commands that fit what was pressed, out of the one table. */
export function Menu({ at }: { at: { x: number; y: number } }) {
  const nodes = useSelection((state) => state.nodes.length + state.groups.length);
  const wanted = nodes > 0 ? onNode : onCanvas;
  const items = wanted.flatMap((id) => {
    const command = commands.find((one) => one.id === id);
    return command && (command.when?.() ?? true) ? [{ id, label: command.label, hint: keysText(command) }] : [];
  });
  const close = (): void => useDialogs.setState({ menu: null });
  return (
    <Popover at={at} width={260} label="Menu" onClose={close}>
      <Listbox
        label="Menu"
        items={items}
        search={false}
        onPick={(id) => {
          close();
          runCommand(id);
        }}
      />
    </Popover>
  );
}
