import Core
import Executor
import PluginMessages
import Testing

@testable import Worker

@Suite struct FailedSystemLayersTests {
    private let failed = FailedSystemLayers.Failed(
        step: Step("install", phase: .depext, script: "false"), result: CommandResult(ending: .exited(1)),
        output: Array("E: no".utf8))

    @Test func whatFailsForGoodIsTriedOnce() {
        let layers = FailedSystemLayers()
        let key = Digest(of: "layer")
        #expect(layers[key] == nil)
        layers.note(failed, of: key, isTransient: false)
        #expect(layers[key]?.output == Array("E: no".utf8))
        #expect(layers[Digest(of: "another")] == nil)
    }

    @Test func whatMayPassIsTriedThreeTimes() {
        let layers = FailedSystemLayers()
        let key = Digest(of: "layer")
        for _ in 0..<2 {
            layers.note(failed, of: key, isTransient: true)
            #expect(layers[key] == nil)
        }
        layers.note(failed, of: key, isTransient: true)
        #expect(layers[key] != nil)
    }
}
