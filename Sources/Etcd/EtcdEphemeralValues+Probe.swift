internal import Core
internal import Store

extension EtcdEphemeralValues {
    /// Checks that values can be written and removed, and asks each member for its state. Nothing is left behind.
    ///
    /// - Returns: what works, for people.
    /// - Throws: `EtcdError` that says what does not.
    package func probe() throws -> String {
        let path = try StorePath("doctor/\(UInt64.random(in: .min ... .max))")
        _ = try set([], at: path, owner: nil, lifetime: .seconds(10), expecting: .absent)
        _ = try remove(path, expecting: .anything)
        let members = gateway.statuses()
        let versions = Set(members.compactMap { try? $0.status.get().version }).sorted().joined(separator: ", ")
        let silent = members.filter { (try? $0.status.get()) == nil }.map(\.endpoint)
        let answering = count(members.count - silent.count, "member")
        return "etcd \(versions), \(answering); values can be written"
            + (silent.isEmpty ? "" : "; no answer from \(silent.joined(separator: ", "))")
    }
}
