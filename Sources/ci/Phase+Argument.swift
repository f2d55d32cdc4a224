public import ArgumentParser
public import Model

extension Phase: ExpressibleByArgument {}
