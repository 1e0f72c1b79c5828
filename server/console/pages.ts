/** Every page of the console. */
import type { ConsoleDeps } from './deps.ts';
import { accountPages } from './pages/account.ts';
import { activityPages } from './pages/activity.ts';
import { addChannelPages } from './pages/add-channel.ts';
import { auditPages } from './pages/audit.ts';
import { channelPages } from './pages/channel.ts';
import { doctorPages } from './pages/doctor.ts';
import { erasePages } from './pages/erase.ts';
import { failuresPages } from './pages/failures.ts';
import { invitationPages } from './pages/invitation.ts';
import { mailLinkPages } from './pages/mail-links.ts';
import { messagePages } from './pages/message.ts';
import { signInPages } from './pages/sign-in.ts';
import { teamPages } from './pages/team.ts';
import { tokensPages } from './pages/tokens.ts';
import { trafficPages } from './pages/traffic.ts';
import { workspacePages } from './pages/workspace.ts';
import { workspacesPages } from './pages/workspaces.ts';
import type { PageRoute } from './routes.ts';

export const pages = (deps: ConsoleDeps): PageRoute[] => [
  ...signInPages(deps),
  ...mailLinkPages(deps),
  ...invitationPages(deps),
  ...workspacesPages(deps),
  ...workspacePages(deps),
  ...addChannelPages(deps),
  ...channelPages(deps),
  ...activityPages(deps),
  ...messagePages(deps),
  ...failuresPages(deps),
  ...trafficPages(deps),
  ...teamPages(deps),
  ...tokensPages(deps),
  ...auditPages(deps),
  ...erasePages(deps),
  ...doctorPages(deps),
  ...accountPages(deps),
];
