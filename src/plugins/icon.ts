import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" fill-rule="evenodd"
    d="M12 1.8l9 5.2v10l-9 5.2-9-5.2V7zm0 2.1L4.8 8.1v7.8l7.2 4.2 7.2-4.2V8.1z"/>
  <path class="jp-icon3" fill="#616161"
    d="M7.6 15.6l-1.3-1 4-5.3 2.7 2.2 3.1-4.2 1.3 1-4.1 5.5-2.7-2.1z"/>
</svg>`;

/** The extension's icon: a container with a rising curve in it. */
export const sageMakerIcon = new LabIcon({
  name: 'jupyter_sm:sagemaker',
  svgstr: SVG
});
