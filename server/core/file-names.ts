/** Endings for the content types that channels send without a name (https://www.iana.org/assignments/media-types). */
const ENDINGS: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/jpg': 'jpg',
  'image/bmp': 'bmp',
  'image/heic': 'heic',
  'image/tiff': 'tiff',
  'video/mp4': 'mp4',
  'video/3gpp': '3gp',
  'video/webm': 'webm',
  'video/mpeg': 'mpeg',
  'video/quicktime': 'mov',
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/aac': 'aac',
  'audio/amr': 'amr',
  'audio/3gpp': '3gp',
  'audio/wav': 'wav',
  'application/pdf': 'pdf',
  'text/plain': 'txt',
  'text/vcard': 'vcf',
  'text/x-vcard': 'vcf',
  'text/calendar': 'ics',
  'text/csv': 'csv',
};

/** `bin` for what is not known; parameters ("; codecs=opus") do not count. */
export const extension = (contentType: string): string =>
  ENDINGS[contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''] ?? 'bin';
