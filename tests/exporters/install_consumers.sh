#!/usr/bin/env bash
# Install the programs that tests/exporters/test_live_consumers.py asks, one environment each, outside this tree:
#   bash tests/exporters/install_consumers.sh FOLDER && VLMKIT_CONSUMERS=FOLDER pytest -m live tests/exporters
# They want other versions of numpy, datasets and transformers than vlmkit's own tests do.
set -euo pipefail
folder=${1:?name a folder for the environments}
python=${PYTHON:-python3.11}
mkdir -p "$folder"
for name in label-studio trl img2dataset; do
    [ -x "$folder/$name/bin/python" ] || "$python" -m venv "$folder/$name"
    "$folder/$name/bin/pip" install --quiet "$name"
done
"$folder/trl/bin/pip" install --quiet pillow
# Their readers of data need torch, of any build, and nothing of torchvision but that it can be imported.
for name in openclip llamafactory; do
    [ -x "$folder/$name/bin/python" ] || "$python" -m venv "$folder/$name"
done
"$folder/openclip/bin/pip" install --quiet open_clip_torch==3.3.0 webdataset==0.2.86 pandas
"$folder/llamafactory/bin/pip" install --quiet llamafactory==0.9.5
