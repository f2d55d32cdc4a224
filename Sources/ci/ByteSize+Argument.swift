internal import ArgumentParser
internal import Core

extension ByteSize: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}
