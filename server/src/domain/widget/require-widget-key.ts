import { AppError } from '../../base/errors.ts'
import type { Actor, Ctx } from '../context.ts'

/** The widget key that acts. Throws FORBIDDEN for any other caller. */
export const requireWidgetKey = ({ actor }: Ctx): Extract<Actor, { type: 'widget_key' }> => {
  if (actor.type === 'widget_key') return actor
  throw new AppError('FORBIDDEN', 'Only a widget key can do this.')
}
