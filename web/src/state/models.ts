import { create } from 'zustand';
import { embeddings, modelFiles, type ModelFile } from '../net/files';
import { modelOfChoice } from '../model/families';

/** Model files of the server with what is known of them, for pickers and completion. */
export const useModels = create<{ models: ModelFile[]; embeddings: string[] }>(() => ({ models: [], embeddings: [] }));

export async function loadModels(): Promise<void> {
  const [models, names] = await Promise.all([modelFiles().catch(() => []), embeddings().catch(() => [])]);
  useModels.setState({ models, embeddings: names });
}

/** What is known of the files that these choices name. */
export function modelsByChoice(models: ModelFile[], choices: readonly string[]): Map<string, ModelFile> {
  const listed = new Set(choices);
  const others = new Set(models.filter(({ name }) => !listed.has(name)).map(({ kind }) => kind));
  // Folders of which every file is a choice come last, and win where names are the same.
  const sorted = [...models.filter(({ kind }) => others.has(kind)), ...models.filter(({ kind }) => !others.has(kind))];
  return new Map(sorted.filter(({ name }) => listed.has(name)).map((model) => [model.name, model]));
}

/** What is known of the file that one of these choices names. */
export function modelOf(models: ModelFile[], choices: readonly string[], name: string): ModelFile | undefined {
  return modelOfChoice({ choices }, name, models) as ModelFile | undefined;
}
