internal import Core

/// A part of a column of a plan: the cells of the packages whose names have digests that begin with the same two
/// digits.
public struct CellShard: Hashable, Sendable {
    /// The target of the column.
    public let target: String
    /// The compiler of the column.
    public let compiler: String
    /// Two hexadecimal digits.
    public let digits: String

    public init(target: String, compiler: String, digits: String) {
        self.target = target
        self.compiler = compiler
        self.digits = digits
    }

    /// The shard of a column that holds the cells of a package.
    public init(target: String, compiler: String, package name: String) {
        self.init(target: target, compiler: compiler, digits: Self.digits(ofPackage: name))
    }

    /// The shard that holds a cell.
    public init(of cell: Cell) { self.init(target: cell.target, compiler: cell.compiler, package: cell.package.name) }

    /// The digits of the shards that hold the cells of a package.
    public static func digits(ofPackage name: String) -> String { Digest(of: name).shard }
}
