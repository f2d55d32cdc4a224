internal import Core
internal import Store

extension EtcdEphemeralValues {
    /// Checks that values can be written and removed, and queries the state of each member. Removes what it wrote.
    ///
    /// - Returns: A summary of what works, as text for the user.
    /// - Throws: `EtcdError` if values cannot be written or removed.
    package func probe() throws -> String {
        let path = try StorePath("doctor/\(UInt64.random(in: .min ... .max))")
        _ = try set([], at: path, owner: nil, lifetime: .seconds(10), expecting: .absent)
        _ = try remove(path, expecting: .anything)
        let members = gateway.statuses()
        let versions = Set(members.compactMap { try? $0.status.get().version }).sorted().joined(separator: ", ")
        let unresponsive = members.filter { (try? $0.status.get()) == nil }.map(\.endpoint)
        let responsive = count(members.count - unresponsive.count, "member")
        return "etcd \(versions), \(responsive); values can be written"
            + (unresponsive.isEmpty ? "" : "; no response from \(unresponsive.joined(separator: ", "))")
    }
}
