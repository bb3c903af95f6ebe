"""Chat templates in the manner of the released checkpoints: the same marks, and the same demands on the messages."""


def turns(opening, closing, image, *, reply, name="message['role']", before="", rest=None):
    """Template of the kind where each message stands between two marks.

    Parameters
    ----------
    opening, closing : str
        Jinja around each message; ``NAME`` stands for who speaks.
    image : str
        Where a picture stands.
    reply : str
        What leads the answer in.
    name : str
        Jinja expression for who speaks.
    before : str
        Jinja in front of everything.
    rest : str or None
        Jinja for a message's text; None is the text as it is.
    """
    text = rest or "{{ part['text'] }}"
    return (
        before
        + "{% for message in messages %}"
        + opening.replace("NAME", "{{ " + name + " }}")
        + "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
        + "{% if part['type'] == 'image' %}"
        + image
        + "{% elif part['type'] == 'text' %}"
        + text
        + "{% endif %}{% endfor %}{% endif %}"
        + closing
        + "{% endfor %}{% if add_generation_prompt %}"
        + reply
        + "{% endif %}"
    )


def smolvlm(begin):
    """SmolVLM, Idefics 2 and 3: messages are parts, and a picture in front takes the space behind the colon."""
    return (
        begin + "{% for message in messages %}{{ message['role'] | capitalize }}"
        "{% if message['content'][0]['type'] == 'image' %}:{% else %}: {% endif %}"
        "{% for part in message['content'] %}"
        "{% if part['type'] == 'text' %}{{ part['text'] }}{% elif part['type'] == 'image' %}<image>{% endif %}"
        "{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
    )


def chatml(image, *, before="", gap="\n"):
    """Marks of ChatML, as Qwen and all who build on it have them."""
    return turns("<|im_start|>NAME" + gap, "<|im_end|>\n", image, reply="<|im_start|>assistant\n", before=before)


QWEN3 = chatml("<|vision_start|><|image_pad|><|vision_end|>")
QWEN2 = QWEN3.replace(
    "{% for message in messages %}",
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}",
    1,
)
GEMMA3 = (
    "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}"
    "{%- set said = messages[0]['content'] -%}"
    "{%- set first = (said if said is string else said[0]['text']) + '\n\n' -%}{%- set rest = messages[1:] -%}"
    "{%- else -%}{%- set first = '' -%}{%- set rest = messages -%}{%- endif -%}"
    "{%- for message in rest -%}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' }}"
    "{{ first if loop.first else '' }}"
    "{%- if message['content'] is string -%}{{ message['content'] | trim }}{%- else -%}"
    "{%- for part in message['content'] -%}"
    "{%- if part['type'] == 'image' -%}{{ '<start_of_image>' }}"
    "{%- elif part['type'] == 'text' -%}{{ part['text'] | trim }}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}{{ '<end_of_turn>\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}"
)
GEMMA4 = (
    GEMMA3.replace("<start_of_turn>", "<|turn>")
    .replace("<end_of_turn>", "<turn|>")
    .replace("<start_of_image>", "<|image|>")
)
_IMAGES_FIRST = (
    "{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
)
_TEXTS = "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] }}{% endfor %}"
LLAVA = (
    "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
    + _IMAGES_FIRST
    + _TEXTS.replace("part['text']", "part['text'] + ' '")
    + "{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
LLAVA_NEXT = (
    "{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ '<<SYS>>\n' + message['content'][0]['text'] + '\n<</SYS>>\n\n' }}"
    "{% elif message['role'] == 'user' %}{{ '[INST] ' }}" + _IMAGES_FIRST + _TEXTS + "{{ ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'][0]['text'] + '</s> ' }}"
    "{% endif %}{% endfor %}"
)
LLAVA_ONEVISION = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + ' ' }}"
    + _IMAGES_FIRST
    + _TEXTS
    + "<|im_end|>{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_PIXTRAL_TEXT = "{{ message['content'] if message['content'] is string else message['content'][0]['text'] }}"
PIXTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}[SYSTEM_PROMPT]"
    + _PIXTRAL_TEXT
    + "[/SYSTEM_PROMPT]{% elif message['role'] == 'user' %}[INST]"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% elif part['type'] == 'image' %}[IMG]{% endif %}"
    "{% endfor %}{% endif %}[/INST]{% else %}" + _PIXTRAL_TEXT + "{{ eos_token }}{% endif %}{% endfor %}"
)
GLM4V = "[gMASK]<sop>" + turns("<|NAME|>\n", "", "<|begin_of_image|><|image|><|end_of_image|>", reply="<|assistant|>\n")
MLLAMA = turns(
    "<|start_header_id|>NAME<|end_header_id|>\n\n",
    "<|eot_id|>",
    "<|image|>",
    reply="<|start_header_id|>assistant<|end_header_id|>\n\n",
    before="{{ bos_token }}",
)
AYA_VISION = turns(
    "<|START_OF_TURN_TOKEN|><|NAME_TOKEN|>",
    "<|END_OF_TURN_TOKEN|>",
    "<image>",
    reply="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    name="{'user': 'USER', 'system': 'SYSTEM'}.get(message['role'], 'CHATBOT')",
    before="{{ bos_token }}",
)
