import * as ingot from 'pulumi-ingot';

// What the policy judges is known in the preview: what is in the image, before it is built.
const image = new ingot.Image('web', { spec: 'web.yml' });

export const digest = image.digest;
