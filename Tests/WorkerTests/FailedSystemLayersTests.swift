import Core
import Layers
import Model
import Supervision
import Testing

@testable import Worker

@Suite struct FailedSystemLayersTests {
    private let failed = PackageBuild.StepFailure(
        phase: .depext, name: "install", command: "false", result: CommandResult(ending: .exited(1)), output: "E: no")

    @Test func permanentFailuresAreTriedOnce() {
        let layers = FailedSystemLayers()
        let key = Digest(of: "layer")
        #expect(layers[key] == nil)
        layers.note(failed, of: key, isTransient: false)
        #expect(layers[key]?.output == "E: no")
        #expect(layers[Digest(of: "another")] == nil)
    }

    @Test func transientFailuresAreTriedThreeTimes() {
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
