/**
 * Background knowledge of English, because a workspace of a few pages says nothing about which words are rare.
 * `silent` words carry no topic at all. `plain` words are common in every company's text and in every question.
 */
const silent = `
a about above after again against all also am an and any anybody anyone anything are aren arent as at be because been
before being below between both but by can cannot cant could couldnt did didnt do does doesnt doing dont down during
each either else etc ever every everything few for from further get gets getting go goes going gonna got had hadnt has
hasnt have havent having he hello help her here hers hey hi him his how hows however i id if ill im in instead into is
isnt it its itself ive just know let lets like lot many may maybe me might mine more most much must my myself need needs
neither no nor not now of off oh ok okay on once one ones only onto or other others our ours out over own please per
perhaps quite really s same say says shall she should shouldnt since so some somebody someone something soon still such
t tell than thank thanks that thats the their theirs them themselves then there theres these they theyre thing things
this those though through to too until up upon us very via want wants was wasnt way we well were werent weve what whats
when whenever where whether which while who whom whos whose why will with within without wont would wouldnt yes yet you
youd youll your youre yours yourself youve mean wondering happens happen happened regarding possible able
`

const plain = `
able accept actual add allow allowed already always amount answer apply arrive ask available away back
bad based become before begin best better big bit bring business buy call called care case change check choose come
common company complete content cost current customer customers date day days different done early easy end
enough even example exist explain fact far fee few find fine first follow following free full general give given good
great hand happen happy hard high hold home hour hours important include included includes info information
item items keep kind know large last late later least leave left less list little live long longer look low made
main make makes making maximum meaning minimum minute minutes mind miss month months move name near new next nice night
normal number offer offered old open option order orders page part pass pay people person place point
possible price product products provide put question quick ready reason receive right run save see
seem send sent service services set several short show simple small special start state stay step stop sure
system take takes talk thing think three time times today together total tried true try turn two type under
understand use used user using usual value various visit wait weeks week whole wish word work working works world
write wrong year years
`

export const silentWords: ReadonlySet<string> = new Set(silent.trim().split(/\s+/))
export const plainWords: ReadonlySet<string> = new Set(plain.trim().split(/\s+/))
