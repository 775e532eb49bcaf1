import type { Http2Server } from 'node:http2';

/**
 * The engine's Cancel (Ctrl-C) never reaches the handlers of dynamic resources: the host process answers it by itself.
 * Its HTTP/2 server can be found among the process's handles, and the call be seen there. Undocumented, so it fails
 * soft: without it a long step runs to its end, as it does for every other dynamic resource.
 */
export function abortOnCancel(): AbortSignal {
  if (controller !== undefined) return controller.signal;
  const created = new AbortController();
  controller = created;
  try {
    const handles = (process as unknown as { _getActiveHandles?: () => unknown[] })._getActiveHandles?.() ?? [];
    for (const handle of handles) {
      if (!isHttp2Server(handle)) continue;
      handle.on('stream', (_stream, headers) => {
        if (String(headers[':path'] ?? '').endsWith('/Cancel')) {
          created.abort(new Error('Cancelled'));
        }
      });
    }
  } catch {
    // No such handles in this version of Node or of the SDK.
  }
  return created.signal;
}

let controller: AbortController | undefined;

function isHttp2Server(handle: unknown): handle is Http2Server {
  return typeof handle === 'object' && handle !== null && handle.constructor.name.includes('Http2');
}
