import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import './styles/page.css';
import './styles/phone.css';
import './styles/inbox.css';
import './styles/canvas.css';
import './styles/ledger.css';
import './extension/extension.css';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');
createRoot(root).render(<App />);
