package import Core
package import System

/// The ends of a pipe, with infrastructure failures as errors.
package typealias Pipe = PipeEnds<Failure>
/// Bytes for a process, with infrastructure failures as errors.
package typealias MemoryFile = AnonymousFile<Failure>
