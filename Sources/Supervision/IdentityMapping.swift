public import Archive
import Core
import Glibc
import System

/// The mapping of user and group ids between sandboxes and this machine.
///
/// Builds run as user 1000 inside. On the machine, that id usually belongs to a person, so root on the machine stores
/// and runs ids 1 to 65535 of sandboxes with ids that no login has. Inside a user namespace with enough ids, which an
/// ordinary user enters by `SubordinateIDs.enter`, the namespace's own ids provide that. An ordinary user without
/// subordinate ids has a single id, which represents root or the build user in turn.
public struct IdentityMapping: Hashable, Sendable {
    /// A range of ids as in `/proc/self/uid_map`.
    struct Extent: Hashable {
        var inside: UInt32
        var outside: UInt32
        var count: UInt32
    }

    /// Whether root and the build user are different users, and files keep their owners.
    public let hasSeveralUsers: Bool
    /// The offset by which ids 1 to 65535 are increased on disk.
    public let offset: UInt32
    /// Whether this process has the machine's ids, not those of a user namespace.
    package let isInitial: Bool
    private let users: [Extent]
    private let groups: [Extent]

    /// The mapping of this process.
    public static let ofThisProcess = IdentityMapping(
        isRoot: geteuid() == 0, users: extents(of: "uid_map"), groups: extents(of: "gid_map"),
        offset: IdentityMapping.freeOffset())

    init(isRoot: Bool, users: [Extent], groups: [Extent], offset: @autoclosure () -> UInt32) {
        let all = [Extent(inside: 0, outside: 0, count: .max)]
        isInitial = users == all && groups == all
        hasSeveralUsers = isRoot && Self.coverSandboxes(users) && Self.coverSandboxes(groups)
        self.offset = hasSeveralUsers && isInitial ? offset() : 0
        self.users = users
        self.groups = groups
    }

    /// The user outside who is root inside, if this process is root of a user namespace.
    package var caller: Owner? {
        guard geteuid() == 0, let user = users.first(where: { $0.inside == 0 })?.outside,
            let group = groups.first(where: { $0.inside == 0 })?.outside, user != 0
        else { return nil }
        return Owner(user: user, group: group)
    }

    /// The owner on disk of files that belong to `owner` inside.
    public func stored(_ owner: Owner) -> Owner { owner.shifted(up: offset) }

    /// `user` as this process sees it.
    package func stored(_ user: Command.User) -> Command.User {
        let owner = stored(Owner(user: user.uid, group: user.gid))
        return Command.User(uid: owner.user, gid: owner.group)
    }

    /// The lines of a sandbox's `uid_map` and `gid_map`.
    var maps: (users: String, groups: String) {
        guard hasSeveralUsers else { return ("0 \(geteuid()) 1\n", "0 \(getegid()) 1\n") }
        guard offset > 0 else { return (Self.identity(users), Self.identity(groups)) }
        // Every id of the machine is mapped, because otherwise root inside could not traverse directories of other
        // users.
        let first = offset + 1
        let map = """
            0 0 1
            1 \(first) 65535
            65536 65536 \(first - 65536)
            \(first) 1 65535
            \(first + 65535) \(first + 65535) \(UInt32.max - (first + 65535))

            """
        return (map, map)
    }

    private static func identity(_ extents: [Extent]) -> String {
        extents.map { "\($0.inside) \($0.inside) \($0.count)\n" }.joined()
    }

    /// Whether ids 0 to 65533 are mapped; distributions use no others except nobody's.
    private static func coverSandboxes(_ extents: [Extent]) -> Bool {
        var next: UInt32 = 0
        for extent in extents.sorted(by: { $0.inside < $1.inside }) where extent.inside <= next {
            next = max(next, extent.inside.addingReportingOverflow(extent.count).partialValue)
        }
        return next >= 65534
    }

    private static func extents(of file: String) -> [Extent] {
        (contents(of: "/proc/self/\(file)") ?? "").split(separator: "\n").compactMap { line in
            let numbers = line.split(separator: " ").compactMap { UInt32($0) }
            return numbers.count == 3 ? Extent(inside: numbers[0], outside: numbers[1], count: numbers[2]) : nil
        }
    }

    /// The highest offset at which no login, group or subordinate range of this machine has an id.
    private static func freeOffset() -> UInt32 {
        let logins = ["passwd", "group"].flatMap {
            fields(of: "/etc/\($0)").compactMap { $0.count > 2 ? UInt32($0[2]) : nil }
        }
        let ranges = ["subuid", "subgid"].flatMap { fields(of: "/etc/\($0)").compactMap(SubordinateIDs.Range.init) }
        let candidates = (1...256).map { UInt32(0x7000_0000) - UInt32($0) * 0x1_0000 }
        return candidates.first { offset in
            let ids = offset...(offset + 0xFFFF)
            return !logins.contains(where: ids.contains) && !ranges.contains { $0.overlaps(ids) }
        } ?? candidates[0]
    }

    /// The lines of a file, split at colons.
    static func fields(of file: String) -> [[String]] {
        (contents(of: file) ?? "").split(separator: "\n").map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }
}

extension IdentityMapping: CustomStringConvertible {
    /// Equal for processes that store owners in the same way.
    public var description: String {
        hasSeveralUsers ? "offset \(offset) " + (isInitial ? "of the machine" : Self.identity(users)) : "one user"
    }
}
