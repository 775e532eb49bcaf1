import type { Http2Server } from 'node:http2';
import { connect } from 'node:net';

const LOOK_EVERY_MS = 250;

/**
 * Aborted when nobody waits for what is being done any more: the engine cancels (Ctrl-C), or has ended.
 *
 * Neither reaches the handlers of dynamic resources: the host process answers Cancel by itself, and outlives an engine
 * that is killed. Its HTTP/2 server can be found among the process's handles, and the call be seen there. Undocumented,
 * so it fails soft: without it a long step runs to its end, as it does for every other dynamic resource.
 */
export function abortOnCancel(): AbortSignal {
  if (controller !== undefined) return controller.signal;
  const created = new AbortController();
  controller = created;
  try {
    const handles = (process as unknown as { _getActiveHandles?: () => unknown[] })._getActiveHandles?.() ?? [];
    const [server] = handles.filter(isHttp2Server);
    server?.on('stream', (_stream, headers) => {
      if (String(headers[':path'] ?? '').endsWith('/Cancel')) {
        created.abort(new Error('Cancelled'));
      }
    });
    if (server !== undefined) watchEngine(server, () => created.abort(new Error('The engine has ended')));
  } catch {
    // No such handles in this version of Node or of the SDK.
  }
  return created.signal;
}

let controller: AbortController | undefined;

/** An engine that is killed closes its connection, and is then not to be reached where it was. */
function watchEngine(server: Http2Server, ended: () => void): void {
  const [, host, port] = /^([\w.-]+):(\d+)$/.exec(process.argv.at(-1) ?? '') ?? [];
  if (host === undefined) return;
  const timer = setInterval(() => {
    server.getConnections((error, count) => {
      if (error !== null || count > 0) return;
      const socket = connect({ host, port: Number(port) });
      socket.unref();
      socket.once('connect', () => socket.destroy());
      socket.once('error', (refused: NodeJS.ErrnoException) => {
        // Anything else, such as that this process has too many files open, says nothing about the engine.
        if (refused.code !== 'ECONNREFUSED') return;
        clearInterval(timer);
        ended();
        // This process then ends by itself, once what was begun is undone.
        server.unref();
      });
    });
  }, LOOK_EVERY_MS);
  timer.unref();
}

function isHttp2Server(handle: unknown): handle is Http2Server {
  return typeof handle === 'object' && handle !== null && handle.constructor.name.includes('Http2');
}
