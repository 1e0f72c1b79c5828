import type { FileView, Upload } from '../api.ts';

/** A chosen file with a picture of it, until it is sent. */
export interface Attachment extends Upload {
  preview: string;
}

/** What the relay carries at most; the platforms' own limits are lower still. */
const LIMIT = 25 * 1024 * 1024;

/** Reads a file as base64; throws a sentence when it is too large. */
export async function attach(file: File): Promise<Attachment> {
  if (file.size > LIMIT) throw new Error(`${file.name} is larger than 25 MB`);
  const preview = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(String(reader.result)));
    reader.addEventListener('error', () => reject(new Error(`${file.name} could not be read`)));
    reader.readAsDataURL(file);
  });
  return {
    name: file.name,
    contentType: file.type || 'application/octet-stream',
    base64: preview.slice(preview.indexOf(',') + 1),
    preview,
  };
}

const readable = (bytes: number): string =>
  bytes < 1024 * 1024
    ? `${Math.max(1, Math.round(bytes / 1024))} kB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MB`;

/** Files as a chat shows them: pictures as pictures, sounds with a player, everything else by name. */
export function Files({ files }: { files: FileView[] }) {
  if (files.length === 0) return null;
  return (
    <div className="files">
      {files.map((file) => (
        <OneFile key={file.url} file={file} />
      ))}
    </div>
  );
}

function OneFile({ file }: { file: FileView }) {
  if (file.contentType.startsWith('image/'))
    return (
      <a href={file.url} target="_blank" rel="noreferrer" className="picture">
        <img src={file.url} alt={file.name} loading="lazy" data-testid="picture" />
      </a>
    );
  if (file.contentType.startsWith('audio/'))
    // biome-ignore lint/a11y/useMediaCaption: a customer's voice message has no captions.
    return <audio controls={true} src={file.url} title={file.name} />;
  if (file.contentType.startsWith('video/'))
    // biome-ignore lint/a11y/useMediaCaption: a customer's video has no captions.
    return <video controls={true} src={file.url} title={file.name} />;
  return (
    <a href={file.url} target="_blank" rel="noreferrer" className="document">
      <span aria-hidden="true">📄</span>
      <span className="document-name">{file.name}</span>
      {file.size !== undefined && <small>{readable(file.size)}</small>}
    </a>
  );
}
