import { SamovarError } from '../../kernel/errors.ts';
import type { RequestHeaders } from '../../kernel/ports/http-routes.ts';

/** Refuses (`request.unsupported_media_type`) what is not plain JSON in UTF-8. */
export function checkContentType(headers: RequestHeaders): void {
  const contentType = headers['content-type'];
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw unsupported(`content-encoding: ${encoding}`);
  if (contentType === 'application/json') return;
  if (typeof contentType !== 'string') throw unsupported('none');
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (type !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(type))
    throw unsupported(contentType);
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) throw unsupported(contentType);
}

function unsupported(contentType: string): SamovarError {
  return new SamovarError('request.unsupported_media_type', { params: { contentType } });
}
