import { createRoot } from 'react-dom/client';
import '@xyflow/react/dist/base.css';
import './ui/tokens.css';
import './ui/shell.css';
import './ui/widgets.css';
import './canvas/canvas.css';
import { start } from './state/start';
import { App } from './ui/App';

createRoot(document.getElementById('root')!).render(<App />);
void start();
