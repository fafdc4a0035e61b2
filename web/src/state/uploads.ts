import { uploadImage } from '../net/files';
import { attempt } from './notices';
import { loadDefinitions } from './start';

/** Uploads a picture; then all lists of files name it, those of other nodes too. */
export async function uploadPicture(file: File): Promise<string> {
  const value = await uploadImage(file, file.name || 'pasted.png');
  attempt(loadDefinitions);
  return value;
}
