"""The random bits that numpy makes are those of the graphs that training exports."""

import math

import numpy as np

from service.litert.noise import find_maker, make_choice_bits, make_uniform_bits

SEEDS = np.array([0, 1, -1, 2**62, -(2**63), 2**63 - 1, 12345], np.int64)


def test_uniform_bits_are_those_of_the_noise_of_a_graph() -> None:
    from training.nets.noise import normals

    uniform = (make_uniform_bits(SEEDS, 64) + 0.5) / 2**24
    radius, angle = np.sqrt(-2 * np.log(uniform[:, :32])), 2 * math.pi * uniform[:, 32:]
    expected = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    np.testing.assert_allclose(normals(SEEDS, 64).numpy(), expected, atol=1e-5)


def test_choice_bits_are_those_of_the_choices_of_a_graph() -> None:
    from training.nets.noise import choices

    assert choices(SEEDS, 10).numpy().tolist() == (make_choice_bits(SEEDS) % 10).tolist()


def test_inputs_are_made_by_their_name_and_shape() -> None:
    found = find_maker("seeds_from__uniform_bits", (1, 64))
    assert found is not None and found[0] == "seeds_from"
    np.testing.assert_array_equal(found[1](SEEDS), make_uniform_bits(SEEDS, 64))
    assert find_maker("seeds__choice_bits", (1,)) is not None
    assert [find_maker(name, (1,)) for name in ("seeds", "seeds__uniform_bits", "my__images")] == [None] * 3
