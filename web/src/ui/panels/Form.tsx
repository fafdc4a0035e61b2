import { Field } from '../../canvas/Field';
import { useNode, CanvasContext, useMade } from '../../canvas/context';
import { MadePicture } from '../../canvas/MadePicture';
import { ROOT } from '../../model/document';
import { inputView } from '../../model/sockets';
import { formInputs, moveInForm, toggleInForm, type FormField } from '../../state/form';
import { useActiveTab, useTabs } from '../../state/tabs';
import { IconButton } from '../icons';
import { runCommand } from '../../commands';

/** The marked fields as a plain page, for those who do not want the graph. */
export default function Form() {
  useTabs((state) => state.version);
  const tab = useActiveTab();
  if (!tab) return null;
  const fields = formInputs(tab);
  return (
    <CanvasContext.Provider value={{ tab, graph: ROOT }}>
      <form
        className="form"
        aria-label="Form"
        onSubmit={(event) => {
          event.preventDefault();
          runCommand('run');
        }}
      >
        {fields.map((field, i) => (
          <div key={`${field.node}/${field.input}`} className="form-field">
            <FormRow field={field} />
            <IconButton icon="up" label={`Move ${field.label} up`} disabled={i === 0} onClick={() => moveInForm(tab, i, -1)} />
            <IconButton icon="close" label={`Take ${field.label} out of the form`} onClick={() => toggleInForm(tab, field.node, field.input)} />
          </div>
        ))}
        {fields.length === 0 && <p className="empty">Mark fields in the details of a node (I) to show them here.</p>}
        <button type="submit" className="primary">Run</button>
      </form>
      <div className="form-results">
        {tab.editor.document.root.nodes.rows().filter((node) => node.outputs.length === 0).map((node) => <Result key={node.id} id={node.id} />)}
      </div>
    </CanvasContext.Provider>
  );
}

function FormRow({ field }: { field: FormField }) {
  const here = useNode(field.node);
  const input = here.node && inputView(here.node, here.definition, field.input);
  return input ? <Field here={here} input={input} title={field.label} /> : null;
}

function Result({ id }: { id: string }) {
  const here = useNode(id);
  const made = useMade(here.tab.id, here.step);
  return made ? <MadePicture here={here} made={made} preview={undefined} title="Result" /> : null;
}
