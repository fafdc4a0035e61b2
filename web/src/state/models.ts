import { create } from 'zustand';
import { embeddings, modelFiles, type ModelFile } from '../net/files';

/** Model files of the server with what is known of them, for pickers and completion. */
export const useModels = create<{ models: ModelFile[]; embeddings: string[] }>(() => ({ models: [], embeddings: [] }));

export async function loadModels(): Promise<void> {
  const [models, names] = await Promise.all([modelFiles().catch(() => []), embeddings().catch(() => [])]);
  useModels.setState({ models, embeddings: names });
}

/** Families by file name, of all kinds of models that have such a file. */
export function familyOf(models: ModelFile[], name: string): string | undefined {
  return models.find((model) => model.name === name && model.family)?.family;
}
