import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandChannel } from './command-channel.js';
import { COMMANDS_SOCKET } from './command-line.js';

/** The other end of QEMU's socket, which answers as a guest would. */
describe('CommandChannel', () => {
  let folder: string;
  let server: Server;
  let asked: string[];
  let guest: (line: string, socket: Socket) => void;
  let end: AbortController;
  let channel: CommandChannel;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-channel-'));
    asked = [];
    end = new AbortController();
    channel = new CommandChannel(folder, end.signal);
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('ingot.commands 1\n');
      socket.on('data', (piece) => {
        for (const line of piece.toString('utf8').split('\n').slice(0, -1)) {
          asked.push(line);
          guest(line, socket);
        }
      });
    });
    await new Promise<void>((listening) => server.listen(join(folder, COMMANDS_SOCKET), listening));
  });
  afterEach(async () => {
    end.abort();
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (word: string) => channel.run({ run: [word], limitSeconds: 600 });
  const numberOf = (line: string) => line.split(' ')[0];

  test('asks one after the other, and takes no answer for another', async () => {
    let open = 0;
    guest = (line, socket) => {
      expect(++open).toBe(1);
      setTimeout(() => {
        open--;
        socket.write(`99 exited 9 \nnoise\n${numberOf(line)} exi`);
        socket.write(`ted ${line.endsWith('=b') ? 1 : 0} aGk=\n`);
      }, 10);
    };
    const answers = await Promise.all([ask('a'), ask('b'), ask('c')]);
    expect(answers).toEqual([0, 1, 0].map((status) => ({ kind: 'exited', status, output: Buffer.from('hi') })));
    expect(asked).toEqual(['1 600 - =a', '2 600 - =b', '3 600 - =c']);
  });

  test('connects again after a connection that was lost, with another number', async () => {
    guest = (line, socket) => {
      if (asked.length === 1) socket.destroy();
      else socket.write(`1 exited 7 \n${numberOf(line)} late \n`);
    };
    expect(await ask('a')).toBeUndefined();
    expect(await ask('b')).toEqual({ kind: 'late', output: Buffer.alloc(0) });
  });

  test('has no answer where nobody listens', async () => {
    await new Promise((closed) => server.close(closed));
    expect(await ask('a')).toBeUndefined();
  });

  test('asks nothing any more when it is ended, and leaves nobody waiting', async () => {
    guest = () => end.abort();
    expect(await ask('a')).toBeUndefined();
    expect(await ask('b')).toBeUndefined();
    expect(asked).toHaveLength(1);
  });
});
