// Package loop runs the real binaries as one system on this machine: a centre
// with its hub, and an agent a site, each a child process.
//
// [Start] writes their configurations, starts the centre, publishes the release
// folder, enrols agents that are not, and starts them. [Loop.Run] keeps them: a
// child that ends by itself, or is killed, is started again. Stop ends the agents
// before the centre, so that what they hold reaches it.
//
// Everything lies under one folder, and a later Start goes on from there:
//
//	central/       configuration and state of the centre
//	<site>/        of each agent
//	release/       the folder that was published last
//	pages/         what the agents serve besides their API
//	log/           what each child said
//
// Agents and centre are spoken to as anybody would: by command line where a
// person would use it, else by HTTP ([Agent], [Centre]).
package loop
