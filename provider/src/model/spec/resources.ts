import { z } from 'zod';
import { ingot, text } from './text.js';

const count = z.int().min(0);

/**
 * The OCI runtime spec's `linux.resources` (config-linux.md, "Control groups"), under LinuxKit's key names: they are
 * the OCI ones, but for `blockio`, which OCI spells `blockIO`.
 */

const DeviceRule = z
  .strictObject({
    allow: z.boolean().describe('Whether matching devices may be used or are denied.'),
    type: z
      .enum(['a', 'b', 'c'])
      .optional()
      .describe('Which devices match: `b` block, `c` character, `a` both.')
      .meta({ default: 'a' }),
    major: count.optional().describe('Major number that matches.').meta({ 'x-default': 'any' }),
    minor: count.optional().describe('Minor number that matches.').meta({ 'x-default': 'any' }),
    access: z
      .string()
      .regex(/^[rwm]{1,3}$/, 'must be some of the letters r, w and m')
      .optional()
      .describe('What is allowed or denied: `r` read, `w` write, `m` make device nodes.')
      .meta({ 'x-default': 'all of it' }),
  })
  .meta({ id: 'DeviceRule', description: 'A rule of the device control group.' });

const Memory = z
  .strictObject({
    limit: z.int().min(-1).optional().describe('Most memory it may use, in bytes; -1 for no limit.'),
    reservation: z
      .int()
      .min(-1)
      .optional()
      .describe('Memory in bytes that it is pushed back to when the machine runs short.'),
    swap: z.int().min(-1).optional().describe('Most memory and swap together, in bytes; -1 for no limit.'),
    kernel: z.int().min(-1).optional().describe('Most kernel memory, in bytes. Only control groups version 1.'),
    kernelTCP: z
      .int()
      .min(-1)
      .optional()
      .describe('Most memory for TCP buffers, in bytes. Only control groups version 1.'),
    swappiness: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe('How readily its memory is swapped out, from 0 to 100. Only control groups version 1.'),
    disableOOMKiller: z
      .boolean()
      .optional()
      .describe('Let it wait, rather than kill it, when it is out of memory. Only control groups version 1.'),
    useHierarchy: z
      .boolean()
      .optional()
      .describe('Count the memory of child groups too. Only control groups version 1.')
      .meta(ingot),
    checkBeforeUpdate: z
      .boolean()
      .optional()
      .describe('Refuse a limit that is below what is in use already.')
      .meta(ingot),
  })
  .meta({ id: 'MemoryResources', description: 'Limits on memory.' });

const Cpu = z
  .strictObject({
    shares: count
      .optional()
      .describe('Weight against other groups when the processors are busy; 1024 is the usual one.'),
    quota: z
      .int()
      .optional()
      .describe('Processor time in microseconds that it may use in each `period`; -1 for no limit.'),
    burst: count.optional().describe('Unused quota in microseconds that it may save up.').meta(ingot),
    period: count.optional().describe('Length of the interval that `quota` is counted in, in microseconds.'),
    realtimeRuntime: z.int().optional().describe('Real-time processor time in microseconds in each `realtimePeriod`.'),
    realtimePeriod: count
      .optional()
      .describe('Length of the interval that `realtimeRuntime` is counted in, in microseconds.'),
    cpus: text.optional().describe('Processors that it may run on, such as `0-2,7`.'),
    mems: text.optional().describe('Memory nodes that it may use, such as `0-1`.'),
    idle: z.int().min(0).max(1).optional().describe('1 to run only when nothing else wants to.').meta(ingot),
  })
  .meta({ id: 'CpuResources', description: 'Limits on processor time.' });

const Pids = z
  .strictObject({ limit: z.int().describe('Most processes and threads; -1 for no limit.') })
  .meta({ id: 'PidsResources', description: 'Limit on the number of processes.' });

const weight = z.int().min(10).max(1000);

const WeightDevice = z
  .strictObject({
    major: count.describe('Major number of the device.'),
    minor: count.describe('Minor number of the device.'),
    weight: weight.optional().describe('Its weight on this device, from 10 to 1000.'),
    leafWeight: weight.optional().describe('Its weight against its own child groups on this device, from 10 to 1000.'),
  })
  .meta({ id: 'WeightDevice', description: 'A weight for one block device.' });

const ThrottleDevice = z
  .strictObject({
    major: count.describe('Major number of the device.'),
    minor: count.describe('Minor number of the device.'),
    rate: count.describe('Most bytes, or operations, a second.'),
  })
  .meta({ id: 'ThrottleDevice', description: 'A rate limit for one block device.' });

const BlockIo = z
  .strictObject({
    weight: weight.optional().describe('Its share of the input and output of block devices, from 10 to 1000.'),
    leafWeight: weight.optional().describe('Its share against its own child groups, from 10 to 1000.'),
    weightDevice: z.array(WeightDevice).optional().describe('Weights for single devices.'),
    throttleReadBpsDevice: z.array(ThrottleDevice).optional().describe('Most bytes read a second, by device.'),
    throttleWriteBpsDevice: z.array(ThrottleDevice).optional().describe('Most bytes written a second, by device.'),
    throttleReadIOPSDevice: z.array(ThrottleDevice).optional().describe('Most reads a second, by device.'),
    throttleWriteIOPSDevice: z.array(ThrottleDevice).optional().describe('Most writes a second, by device.'),
  })
  .meta({ id: 'BlockIoResources', description: 'Limits on block devices.' });

const HugepageLimit = z
  .strictObject({
    pageSize: z
      .string()
      .regex(/^[1-9][0-9]*[KMG]B$/, 'must be a size such as "2MB"')
      .describe('Size of the pages, such as `2MB`.'),
    limit: count.describe('Most memory in pages of this size, in bytes.'),
  })
  .meta({ id: 'HugepageLimit', description: 'Limit on huge pages of one size.' });

const Network = z
  .strictObject({
    classID: z.int().min(0).max(0xffffffff).optional().describe('Class that its packets are marked with.'),
    priorities: z
      .array(
        z
          .strictObject({
            name: text.describe('Name of the network interface.'),
            priority: count.describe('Priority of its packets on this interface.'),
          })
          .meta({ id: 'InterfacePriority', description: 'Priority of packets on one network interface.' }),
      )
      .optional()
      .describe('Priorities of its packets, by interface.'),
  })
  .meta({ id: 'NetworkResources', description: 'Marks and priorities of packets. Only control groups version 1.' });

const Rdma = z
  .strictObject({
    hcaHandles: count.optional().describe('Most handles.'),
    hcaObjects: count.optional().describe('Most objects.'),
  })
  .meta({ id: 'RdmaResources', description: 'Limits on one RDMA device.', ...ingot });

export const Resources = z
  .strictObject({
    devices: z.array(DeviceRule).optional().describe('Which devices it may use, in the order the rules apply.'),
    memory: Memory.optional().describe('Limits on memory.'),
    cpu: Cpu.optional().describe('Limits on processor time.'),
    pids: Pids.optional().describe('Limit on the number of processes.'),
    blockio: BlockIo.optional().describe('Limits on block devices.'),
    hugepageLimits: z.array(HugepageLimit).optional().describe('Limits on huge pages, by size.'),
    network: Network.optional().describe('Marks and priorities of packets.'),
    rdma: z.record(text, Rdma).optional().describe('Limits on RDMA devices, by name of the device.').meta(ingot),
    unified: z
      .record(text, text)
      .optional()
      .describe('Settings of control groups version 2 as they are written there, such as `memory.high: "1073741824"`.')
      .meta(ingot),
  })
  .meta({
    id: 'Resources',
    description: 'Limits that the kernel holds a container to.',
    'x-example': `services:
  - name: web
    image: deb:lighttpd
    resources:
      memory: { limit: 268435456 }
      pids: { limit: 100 }
`,
  });
export type Resources = z.infer<typeof Resources>;
