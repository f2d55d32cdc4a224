package import Core
package import System

/// The ends of a pipe, with errors that are failures of the infrastructure.
package typealias Pipe = PipeEnds<Failure>
/// Bytes for a process, with errors that are failures of the infrastructure.
package typealias MemoryFile = AnonymousFile<Failure>
