import Core
import Records
import Store
import TestSupport
import Testing

/// The tokens of a store.
@Suite struct AccessTokensTests {
    /// Secrets that were not issued are rejected, whatever their form.
    @Test func onlyTheSecretIsAccepted() throws {
        let directory = try TemporaryDirectory()
        let tokens = try AccessTokens(in: Store(at: directory("store")))
        let secrets = try ["alice", "bob"].map { try tokens.make($0, permissions: [.retry]) }
        #expect(try secrets.map { try tokens.token(withSecret: $0)?.name } == ["alice", "bob"])
        var random = SeededGenerator(printingSeedOf: "onlyTheSecretIsAccepted()")
        for number in 0..<2_000 {
            let other = hexadecimal((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
            let accepted = try tokens.token(withSecret: other)
            #expect(accepted == nil, "secret \(number) of seed \(random.seed)")
        }
    }
}
